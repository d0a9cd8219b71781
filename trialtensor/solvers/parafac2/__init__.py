"""PARAFAC2: components whose pattern on one axis differs from block to block of trials.

``X_k ~ P_b H diag(a_k) C'`` for trial ``k`` of block ``b``: every block (a session, some
trials, or a single trial) has orthonormal ``P_b`` of its own, so its patterns ``B_b = P_b H`` are
free but for their inner products ``B_b' B_b = H'H``, which all blocks share. That is what makes
the components unique.

*Source*: Harshman 1972; Kiers, ten Berge & Bro 1999, "PARAFAC2 - Part I. A direct fitting
algorithm for the PARAFAC2 model", Journal of Chemometrics.
"""
