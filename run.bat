@echo off
rem Finds a Python and hands over to bootstrap.py, which knows the rest: run.bat help
setlocal
for %%P in ("py -3" "python" "python3") do (
    %%~P -c "import sys; sys.exit(sys.version_info < (3, 10))" >nul 2>nul && set "PYTHON=%%~P" && goto found
)
echo run.bat: Python 3.10 or later is needed and none was found in PATH 1>&2
exit /b 2

:found
%PYTHON% "%~dp0bootstrap.py" %*
exit /b %errorlevel%
