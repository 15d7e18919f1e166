"""What readers make of images: drafts of measurements, reports of them, presentation states, key images, hanging protocols."""
