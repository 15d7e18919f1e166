"""Synthetic objects of known geometry and known values: the rulers of every test of reading.

Every maker returns a list of pydicom data sets with file meta, ready to be sent. The same call makes the same UIDs. A
study's name is its PatientID and is found by the study list; `name=` makes another one. What is known of an object
(lengths, angles, Hounsfield units, SUV, the place of a ball in the patient) stands beside its maker as a constant or
function, worked out apart from any code under test. Points of images are [column, row] as in SCOORD (PS3.3 C.18.6.1.2):
(0, 0) is the outer corner of the first pixel, its centre is (0.5, 0.5). Points of patients are mm, LPS.

    python -m tests.phantoms FOLDER      writes all of them as files
"""
