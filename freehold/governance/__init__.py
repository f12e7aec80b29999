"""What may be shown, and by whose authority."""
