"""DICOM message service doors (PS3.4, PS3.7)."""
