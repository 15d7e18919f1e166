"""Codecs, look-up tables and picture formats: arrays in, arrays out (PS3.3 C.7.6.3, C.11; PS3.5 8, A.4)."""
