"""Questions put to the network, each a script with one figure.

``python -m trialtensor_models.experiments.NAME -o FIGURE`` runs one.
"""
