"""What finished runs say, as one page: a section for each question, made of the files in their folders."""
