"""The receive path: RTP packets to encoded frames. Sans-IO: time is an argument.

aiortc's own path waits for the first packet of the next video frame, and for four frames of audio. This one delivers a
frame when its last packet arrives.
"""
