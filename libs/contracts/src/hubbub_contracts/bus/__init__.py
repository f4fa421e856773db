"""Bus messages between the services, one module per entity."""
