"""The media transport: ICE to a lite server, DTLS and SRTP."""
