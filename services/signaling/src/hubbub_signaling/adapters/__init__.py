"""The bus, the sockets, HTTP and the metrics. They implement the ports of the domain."""
