"""The whole application in real processes while everything around it fails, and a checker."""
