"""Posts what happens in rooms to the servers of an application."""
