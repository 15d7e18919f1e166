"""DICOMweb (PS3.18): STOW-RS, QIDO-RS and WADO-RS as thin doors on `domain.archive`, `index.queries` and `delivery`.

One lean ASGI application (`router.py`), mounted under /dicom-web. No session handling, no reading of files here.
"""
