"""The verbs: one function is permission, change and journal entry, in one transaction."""
