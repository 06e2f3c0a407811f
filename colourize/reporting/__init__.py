"""Reports on finished runs as one page, with a section for each question, made from the files in their folders."""
