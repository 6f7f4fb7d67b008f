"""The services of a platform, as the tool that we are there: grades, rosters, and their sync."""
