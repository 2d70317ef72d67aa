"""Works to cite, as BibTeX: a literal table, and what each name of the library rests on."""

# fmt: off
BIBTEX: dict[str, str] = {
    "sciml": """@software{sciml,
  title = {sciml: differentiable scientific computing in JAX},
  version = {0.1.0}
}""",
    "li2021fourier": """@inproceedings{li2021fourier,
  title = {Fourier Neural Operator for Parametric Partial Differential Equations},
  author = {Li, Zongyi and Kovachki, Nikola and Azizzadenesheli, Kamyar and Liu, Burigede and Bhattacharya, Kaushik
  and Stuart, Andrew and Anandkumar, Anima}, booktitle = {International Conference on Learning Representations}, year
  = {2021}, eprint = {2010.08895}, archivePrefix = {arXiv}
}""",
    "you2022learning": """@article{you2022learning,
  title = {Learning deep Implicit {Fourier} Neural Operators ({IFNOs}) with applications to heterogeneous material
  modeling}, author = {You, Huaiqian and Zhang, Quinn and Ross, Colton J. and Lee, Chung-Hao and Yu, Yue}, year =
  {2022}, journal = {arXiv preprint}, eprint = {2203.08205}, archivePrefix = {arXiv}
}""",
    "cox2002exponential": """@article{cox2002exponential,
  title = {Exponential Time Differencing for Stiff Systems},
  author = {Cox, S. M. and Matthews, P. C.},
  journal = {Journal of Computational Physics},
  volume = {176},
  number = {2},
  pages = {430--455},
  year = {2002}
}""",
    "kassam2005fourth": """@article{kassam2005fourth,
  title = {Fourth-Order Time-Stepping for Stiff {PDEs}},
  author = {Kassam, Aly-Khan and Trefethen, Lloyd N.},
  journal = {SIAM Journal on Scientific Computing},
  volume = {26},
  number = {4},
  pages = {1214--1233},
  year = {2005}
}""",
    "ronneberger2015unet": """@inproceedings{ronneberger2015unet,
  title = {{U-Net}: Convolutional Networks for Biomedical Image Segmentation},
  author = {Ronneberger, Olaf and Fischer, Philipp and Brox, Thomas},
  booktitle = {Medical Image Computing and Computer-Assisted Intervention},
  year = {2015},
  eprint = {1505.04597},
  archivePrefix = {arXiv}
}""",
    "he2016deep": """@inproceedings{he2016deep,
  title = {Deep Residual Learning for Image Recognition},
  author = {He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing and Sun, Jian},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},
  year = {2016},
  eprint = {1512.03385},
  archivePrefix = {arXiv}
}""",
    "takamoto2022pdebench": """@inproceedings{takamoto2022pdebench,
  title = {{PDEBench}: An Extensive Benchmark for Scientific Machine Learning},
  author = {Takamoto, Makoto and Praditia, Timothy and Leiteritz, Raphael and MacKinlay, Dan and Alesiani, Francesco
  and Pfl{\\"u}ger, Dirk and Niepert, Mathias}, booktitle = {Advances in Neural Information Processing Systems}, year
  = {2022}, eprint = {2210.07182}, archivePrefix = {arXiv}
}""",
    "koehler2024apebench": """@inproceedings{koehler2024apebench,
  title = {{APEBench}: A Benchmark for Autoregressive Neural Emulators of {PDEs}},
  author = {Koehler, Felix and Niedermayr, Simon and Westermann, R{\\"u}diger and Thuerey, Nils},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2024},
  eprint = {2411.00180},
  archivePrefix = {arXiv}
}""",
    "dendy1982blackbox": """@article{dendy1982blackbox,
  title = {Black Box Multigrid},
  author = {Dendy, J. E.},
  journal = {Journal of Computational Physics},
  volume = {48},
  number = {3},
  pages = {366--386},
  year = {1982}
}""",
    "kaneda2023dcdm": """@inproceedings{kaneda2023dcdm,
  title = {A Deep Conjugate Direction Method for Iteratively Solving Linear Systems},
  author = {Kaneda, Ayano and Akar, Osman and Chen, Jingyu and Kala, Victoria Alicia Trevino and Hyde, David and Teran, Joseph},
  booktitle = {International Conference on Machine Learning},
  year = {2023},
  eprint = {2205.10763},
  archivePrefix = {arXiv}
}""",
    "wang2024skr": """@inproceedings{wang2024skr,
  title = {Accelerating Data Generation for Neural Operators via {Krylov} Subspace Recycling},
  author = {Wang, Hong and Hao, Zhongkai and Wang, Jie and Geng, Zijie and Wang, Zhen and Li, Bin and Wu, Feng},
  booktitle = {International Conference on Learning Representations},
  year = {2024},
  eprint = {2401.09516},
  archivePrefix = {arXiv}
}""",
    "parks2006recycling": """@article{parks2006recycling,
  title = {Recycling {Krylov} Subspaces for Sequences of Linear Systems},
  author = {Parks, Michael L. and de Sturler, Eric and Mackey, Greg and Johnson, Duane D. and Maiti, Spandan},
  journal = {SIAM Journal on Scientific Computing},
  volume = {28},
  number = {5},
  pages = {1651--1674},
  year = {2006}
}""",
    "herho2025nlse": """@article{herho2025nlse,
  title = {simple-idealized-1d-nlse: Pseudo-Spectral Solver for the 1D Nonlinear {Schr{\\"o}dinger} Equation},
  author = {Herho, S. H. S. and Anwar, I. P. and Khadami, F. and Suwarman, R. and Irawan, D. E.},
  year = {2025}, journal = {arXiv preprint}, eprint = {2509.05901}, archivePrefix = {arXiv}
}""",
    "shaul2023kinetic": """@inproceedings{shaul2023kinetic,
  title = {On Kinetic Optimal Probability Paths for Generative Models},
  author = {Shaul, Neta and Chen, Ricky T. Q. and Nickel, Maximilian and Le, Matthew and Lipman, Yaron},
  booktitle = {International Conference on Machine Learning},
  year = {2023},
  eprint = {2306.06626},
  archivePrefix = {arXiv}
}""",
    "lipman2023flow": """@inproceedings{lipman2023flow,
  title = {Flow Matching for Generative Modeling},
  author = {Lipman, Yaron and Chen, Ricky T. Q. and Ben-Hamu, Heli and Nickel, Maximilian and Le, Matthew},
  booktitle = {International Conference on Learning Representations},
  year = {2023},
  eprint = {2210.02747},
  archivePrefix = {arXiv}
}""",
    "korotin2024light": """@inproceedings{korotin2024light,
  title = {Light {Schr{\\"o}dinger} Bridge},
  author = {Korotin, Alexander and Gushchin, Nikita and Burnaev, Evgeny},
  booktitle = {International Conference on Learning Representations},
  year = {2024},
  eprint = {2310.01174},
  archivePrefix = {arXiv}
}""",
    "gushchin2023building": """@inproceedings{gushchin2023building,
  title = {Building the Bridge of {Schr{\\"o}dinger}: A Continuous Entropic Optimal Transport Benchmark},
  author = {Gushchin, Nikita and Kolesov, Alexander and Mokrov, Petr and Karpikova, Polina and Spiridonov, Andrey
  and Burnaev, Evgeny and Korotin, Alexander}, booktitle = {Advances in Neural Information Processing Systems}, year
  = {2023}, eprint = {2306.10161}, archivePrefix = {arXiv}
}""",
    "cuturi2013sinkhorn": """@inproceedings{cuturi2013sinkhorn,
  title = {Sinkhorn Distances: Lightspeed Computation of Optimal Transport},
  author = {Cuturi, Marco},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2013},
  eprint = {1306.0895},
  archivePrefix = {arXiv}
}""",
    "korotin2024light": """@inproceedings{korotin2024light,
  title = {Light {Schr{\\"o}dinger} Bridge},
  author = {Korotin, Alexander and Gushchin, Nikita and Burnaev, Evgeny},
  booktitle = {International Conference on Learning Representations},
  year = {2024},
  eprint = {2310.01174},
  archivePrefix = {arXiv}
}""",
    "gushchin2023building": """@inproceedings{gushchin2023building,
  title = {Building the Bridge of {Schr{\\"o}dinger}: A Continuous Entropic Optimal Transport Benchmark},
  author = {Gushchin, Nikita and Kolesov, Alexander and Mokrov, Petr and Karpikova, Polina and Spiridonov, Andrey
  and Burnaev, Evgeny and Korotin, Alexander}, booktitle = {Advances in Neural Information Processing Systems}, year
  = {2023}, eprint = {2306.10161}, archivePrefix = {arXiv}
}""",
    "cuturi2013sinkhorn": """@inproceedings{cuturi2013sinkhorn,
  title = {Sinkhorn Distances: Lightspeed Computation of Optimal Transport},
  author = {Cuturi, Marco},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2013},
  eprint = {1306.0895},
  archivePrefix = {arXiv}
}""",
    "daems2024variational": """@inproceedings{daems2024variational,
  title = {Variational Inference for {SDEs} Driven by Fractional Noise},
  author = {Daems, Rembert and Opper, Manfred and Crevecoeur, Guillaume and Birdal, Tolga},
  booktitle = {International Conference on Learning Representations},
  year = {2024},
  eprint = {2310.12975},
  archivePrefix = {arXiv}
}""",
    "pal2021opening": """@inproceedings{pal2021opening,
  title = {Opening the Blackbox: Accelerating Neural Differential Equations by Regularizing Internal Solver Heuristics},
  author = {Pal, Avik and Ma, Yingbo and Shah, Viral and Rackauckas, Christopher},
  booktitle = {International Conference on Machine Learning},
  year = {2021},
  eprint = {2105.03918},
  archivePrefix = {arXiv}
}""",
    "pal2023locally": """@inproceedings{pal2023locally,
  title = {Locally Regularized Neural Differential Equations: Some Black Boxes Were Meant to Remain Closed!},
  author = {Pal, Avik and Edelman, Alan and Rackauckas, Christopher},
  booktitle = {International Conference on Machine Learning},
  year = {2023},
  eprint = {2303.02262},
  archivePrefix = {arXiv}
}""",
    "kelly2020learning": """@inproceedings{kelly2020learning,
  title = {Learning Differential Equations that are Easy to Solve},
  author = {Kelly, Jacob and Bettencourt, Jesse and Johnson, Matthew James and Duvenaud, David},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2020},
  eprint = {2007.04504},
  archivePrefix = {arXiv}
}""",
    "finlay2020how": """@inproceedings{finlay2020how,
  title = {How to Train Your Neural {ODE}: the World of {Jacobian} and Kinetic Regularization},
  author = {Finlay, Chris and Jacobsen, J{\\"o}rn-Henrik and Nurbekyan, Levon and Oberman, Adam M.},
  booktitle = {International Conference on Machine Learning},
  year = {2020},
  eprint = {2002.02798},
  archivePrefix = {arXiv}
}""",
    "ghosh2020steer": """@inproceedings{ghosh2020steer,
  title = {{STEER}: Simple Temporal Regularization For Neural {ODEs}},
  author = {Ghosh, Arnab and Behl, Harkirat Singh and Dupont, Emilien and Torr, Philip H. S. and Namboodiri, Vinay},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2020},
  eprint = {2006.10711},
  archivePrefix = {arXiv}
}""",
    "kidger2020neural": """@inproceedings{kidger2020neural,
  title = {Neural Controlled Differential Equations for Irregular Time Series},
  author = {Kidger, Patrick and Morrill, James and Foster, James and Lyons, Terry},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2020},
  eprint = {2005.08926},
  archivePrefix = {arXiv}
}""",
    "li2020scalable": """@inproceedings{li2020scalable,
  title = {Scalable Gradients for Stochastic Differential Equations},
  author = {Li, Xuechen and Wong, Ting-Kam Leonard and Chen, Ricky T. Q. and Duvenaud, David},
  booktitle = {International Conference on Artificial Intelligence and Statistics},
  year = {2020},
  eprint = {2001.01328},
  archivePrefix = {arXiv}
}""",
    "brunton2016discovering": """@article{brunton2016discovering,
  title = {Discovering governing equations from data by sparse identification of nonlinear dynamical systems},
  author = {Brunton, Steven L. and Proctor, Joshua L. and Kutz, J. Nathan},
  journal = {Proceedings of the National Academy of Sciences},
  volume = {113},
  number = {15},
  pages = {3932--3937},
  year = {2016}
}""",
    "kidger2021neural": """@phdthesis{kidger2021neural,
  title = {On Neural Differential Equations},
  author = {Kidger, Patrick},
  school = {University of Oxford},
  year = {2021},
  eprint = {2202.02435},
  archivePrefix = {arXiv}
}""",
}
# fmt: on

WORKS: dict[str, tuple[str, ...]] = {
    "sciml": ("sciml",),
    "fno": ("li2021fourier",),
    "ifno": ("you2022learning", "li2021fourier"),
    "unet": ("ronneberger2015unet",),
    "resnet": ("he2016deep",),
    "etdrk": ("cox2002exponential", "kassam2005fourth"),
    "solve": ("cox2002exponential", "kidger2021neural"),
    "pdebench": ("takamoto2022pdebench",),
    "apebench": ("koehler2024apebench",),
}
"""What a model, method or format rests on; experiments name theirs in the catalogue."""
