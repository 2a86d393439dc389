"""Pipelines and what they use: definitions, service connections, variable groups, agent queues, incoming webhooks."""
