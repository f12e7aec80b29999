"""Finding clips, accounts, tags and comments by what is written: an index that follows the journal, and its readers."""
