"""DICOM as PS3.3, PS3.5, PS3.6, PS3.7, PS3.10 and PS3.18 write it: elements, syntaxes, character sets, names, JSON."""
