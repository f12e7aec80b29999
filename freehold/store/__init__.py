"""Every SQL statement and the schema, a file for each noun.

A clip is read for a viewer, or with the words `for_system`.
"""
