"""DASIER: scikit-learn models as a service."""
