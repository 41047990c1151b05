"""Files that artists upload: their links, the check of their pictures, where they are kept."""
