"""The forms of the site, by the pages they are on. Services check the rules."""
