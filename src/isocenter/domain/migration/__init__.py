"""What comes in bulk from elsewhere: folders, media with a DICOMDIR (PS3.10, PS3.12), ZIP files, and other archives.

Everything goes through the archive's one verb "store". The state of what can be interrupted lies in the home. Not
here: the protocols that other archives speak (adapters/peers), and what modalities send (adapters/dimse, dicomweb).
"""
