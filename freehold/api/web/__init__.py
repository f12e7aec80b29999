"""Pages for people, and the forms on them that work without JavaScript."""
