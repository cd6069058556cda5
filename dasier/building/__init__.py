"""From a recipe to a built version: train, evaluate, export, prove, describe."""
