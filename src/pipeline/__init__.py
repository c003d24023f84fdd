"""Raw news articles in, tables that people can trust out."""
