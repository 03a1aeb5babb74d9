"""The generated pages, one a file: content() gives the text, from the code that the page is about."""
