"""The pictures of the documents, taken from the app itself."""
