"""DICOMweb doors (PS3.18): STOW-RS, QIDO-RS, WADO-RS."""
