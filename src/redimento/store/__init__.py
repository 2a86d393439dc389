"""What runs share: answers, budgets, quotas and what earlier runs cost."""
