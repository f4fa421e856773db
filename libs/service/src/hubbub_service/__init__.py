"""What every service has: settings, logs, telemetry, lifecycle, drain and health."""
