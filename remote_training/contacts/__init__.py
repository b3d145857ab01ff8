"""The vault: name, address, telephone, emergency contact, sealed field by field."""
