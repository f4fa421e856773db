"""Sessions, and one handler per client request. They reach the outside through the ports of the domain."""
