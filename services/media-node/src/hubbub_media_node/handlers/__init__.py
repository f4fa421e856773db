"""Request and event handlers: functions of a `NodeContext` and a request."""
