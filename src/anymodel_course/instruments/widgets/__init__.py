"""What is operated by mouse and keyboard: core ipywidgets, each with a twin in code."""
