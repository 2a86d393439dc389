"""Many work items: a matrix of jobs for Azure's agents, or several runs on one machine."""
