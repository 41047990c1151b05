"""What a picture says of its licence, and how it is found again. Backend and worker share it."""
