import cProfile, pstats, runpy, sys, io, contextlib
sys.path.insert(0,'/work/main/test/quantization'); sys.argv=['x']
pr=cProfile.Profile()
src=open(sys.path[0]+'/training.py').read()
with contextlib.redirect_stdout(io.StringIO()):
    pr.enable(); exec(compile(src,'t','exec'),{'__name__':'__main__'}); pr.disable()
pstats.Stats(pr).sort_stats('tottime').print_stats(14)
