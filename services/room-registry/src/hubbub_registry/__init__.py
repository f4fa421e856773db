"""The truth about rooms, peers, producers and nodes."""
