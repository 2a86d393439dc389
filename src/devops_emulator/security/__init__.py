"""Who may do what: the access control lists behind every refusal."""
