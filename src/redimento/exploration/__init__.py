"""Answer what the model asks to see of the repository: files, folders, searches, uses of a name, history."""
