"""Sockets and framing: the DICOM upper layer (PS3.8) with its service loops, and multipart/related."""
