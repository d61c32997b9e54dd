"""The studio: one page in the browser that shows a model as it learns. Needs the extra [studio]."""
