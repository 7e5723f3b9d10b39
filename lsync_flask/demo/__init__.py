"""The demo: everything on one machine, started and stopped together, and the main job done without a browser."""
