"""What brings DASIER to an account: the steps that the workflows and `make` take. None of it is deployed."""
