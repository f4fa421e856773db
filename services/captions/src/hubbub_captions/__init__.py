"""The captions service of the Hubbub WebRTC SFU: live captions and transcripts."""
