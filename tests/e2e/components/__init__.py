"""The components on pages of their own, in a browser."""
