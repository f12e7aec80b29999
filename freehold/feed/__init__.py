"""A page: gather → judge → score → arrange → serve, and the record of what was served."""
