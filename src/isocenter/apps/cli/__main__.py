"""`python -m isocenter.apps.cli`: the isocenter command without its script."""

from isocenter.apps.cli import main

main()
