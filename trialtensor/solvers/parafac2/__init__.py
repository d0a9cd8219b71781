"""PARAFAC2: components whose pattern on one axis differs between blocks of trials.

``X_k ~ P_b H diag(a_k) C'`` for trial ``k`` of block ``b``. Each block (a session, some trials,
or a single trial) has its own orthonormal ``P_b``, so its patterns ``B_b = P_b H`` are free except
for their inner products ``B_b' B_b = H'H``, which all blocks share. This makes the components
unique.

*Source*: Harshman 1972; Kiers, ten Berge & Bro 1999, "PARAFAC2 - Part I. A direct fitting
algorithm for the PARAFAC2 model", Journal of Chemometrics.
"""
