"""What readers make of images: measurements and their reports, presentation states, key images, hanging protocols."""
