"""Watching by WHEP (draft-ietf-wish-whep-03)."""
