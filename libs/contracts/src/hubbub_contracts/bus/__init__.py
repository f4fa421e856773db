"""Messages between services, one module per entity."""
